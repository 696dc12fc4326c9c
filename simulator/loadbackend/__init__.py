"""The other half of a load test: takes timeframes over HTTP and plays them into a broker at their exact rate."""
