"""How shoppers answer: the base of user models, its parts and what is compiled of them. No shopper of a certain world."""
