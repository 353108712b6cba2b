"""Laws that any recommender keeps."""
