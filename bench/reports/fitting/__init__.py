"""The page of a fitted world's certificate, its plots and its sentences. It computes nothing."""
