"""HTML pages and plots of results. Computations do not belong here: pages show only what a results file contains."""
