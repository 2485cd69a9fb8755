"""Jobs: runs in processes, with stored results and progress reports. What a run does is not defined here, but in `execution`."""
