"""Jobs: runs in processes, with stored results and progress reports. The content of a run belongs in `execution`."""
