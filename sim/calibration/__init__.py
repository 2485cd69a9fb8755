"""Fitting worlds to logs: what every calibration shares. Each world's own `calibrate` module lies in its folder."""
