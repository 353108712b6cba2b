"""Models whose figures are known beforehand."""
