"""Mining of logs: follow, learn, checkpoint, rediscover, retain."""
