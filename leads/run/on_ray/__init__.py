"""A Ray cluster as a runner: `leads.run.on_ray.pool.ray_pool`. Only this folder imports ray."""
