"""Models and algorithms of other libraries as agents. No algorithm of slategym's own."""
