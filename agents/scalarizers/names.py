"""The scalarizers by name."""

SCALARIZERS: dict[str, str] = {
    "fixed": "a weighted sum, fixed:1,10",
    "nash": "Nash welfare: the product of the gains over what is had anyway",
    "chebyshev": "the objective that is furthest from its best, smoothly",
    "augmented-chebyshev": "the same with a sharp corner, and a little of the sum",
    "lagrangian": "one objective, with floors and ceilings on others: lagrangian:click>=0.3",
    "gini": "fairness between objectives: the least one counts most",
    "hypervolume": "directions drawn at random, which cover the front",
    "schedule": "one after another: schedule:0=fixed:1,1;100000=nash",
}
