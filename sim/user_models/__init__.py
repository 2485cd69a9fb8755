"""How shoppers answer: the base of user models, its parts and its compiled stages. Models of single worlds do not belong here."""
