"""What every calibration shares: reading logs, fitting click rates. Nothing of one world: its `calibrate` lies beside it."""
