"""The demonstration's POA&Ms: two fictional systems as text, one TOML file each."""
