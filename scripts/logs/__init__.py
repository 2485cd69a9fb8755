"""Commands that describe, fit and replay logs, evaluate policies on them, and study estimators. No computations."""
