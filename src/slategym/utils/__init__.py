"""Helpers that know no shopper: lookup by name, plug-ins, arrays, threads. Imports no other package of slategym."""
