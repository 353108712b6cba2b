"""Search for hyper-parameters in equal time."""
