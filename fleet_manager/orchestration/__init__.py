"""Use cases: intake, dispatch, execution, supervision; and the ports to what lies outside."""
