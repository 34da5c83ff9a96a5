"""What `wardfleet bench` runs. Figures mean what the architecture page's measures say."""
