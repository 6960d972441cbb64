// On every page: keys, copying, relative times.
