from setuptools import find_packages, setup

setup(
    name="fleet_bridge_ros2",
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/fleet_bridge_ros2"]),
        ("share/fleet_bridge_ros2", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="WardFleet",
    maintainer_email="wardfleet@example.org",
    description="The fleet as a ROS graph",
    license="Proprietary",
    entry_points={"console_scripts": ["fleet_bridge = fleet_bridge_ros2.bridge:main"]},
)
