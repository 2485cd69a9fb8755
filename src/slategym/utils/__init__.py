"""General helpers: lookup by name, plug-ins, arrays, threads. They import no other package of slategym."""
