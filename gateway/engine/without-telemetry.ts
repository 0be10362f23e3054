// Read when `@apollo/gateway` is loaded: without it, the gateway reports to its vendor every hour.
process.env['APOLLO_TELEMETRY_DISABLED'] = '1';
