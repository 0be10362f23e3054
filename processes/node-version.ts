const MAJOR_MIN = 24;

// npm scripts run the Node.js that `npm ci` brought; whoever calls us with an older one is told so instead of failing later.
if (Number(process.versions.node.split('.', 1)[0]) < MAJOR_MIN) {
  process.stderr.write(
    `This needs Node.js ${MAJOR_MIN} or newer and runs on ${process.version}. Start it with npm (npm start, npm run serve), which brings its own.\n`,
  );
  process.exit(1);
}
