"""All that `import bench` offers to scripts and notebooks."""
