"""Pages of brokers, streams and rejections."""
