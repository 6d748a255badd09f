"""Many measurements: run on processes, kept as Parquet, gone on with."""
