"""Reading of configurations: YAML files to checked values, each error with its file and place."""
