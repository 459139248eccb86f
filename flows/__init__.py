"""The only folder that knows Prefect, the environment and the present time."""
