"""Records in MLflow, and its pages."""
