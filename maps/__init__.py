"""Site maps: model, geometry, routing graph, validation, import, export, generation."""
