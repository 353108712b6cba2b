"""Figures of embeddings: is what lies near an item like it, and stays it so with another seed?"""
