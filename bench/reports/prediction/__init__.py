"""The page of a prediction: models of clicks and conversions. No other page, and no number that prediction.json does not hold."""
