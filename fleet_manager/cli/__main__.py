from fleet_manager.cli.main import main

main()
