"""Data on its way in: Avro schemas, CSV files, Parquet parts."""
