const { TestEnvironment } = require("jest-environment-node");

/**
 * Node's environment, with the real process behind one event. jest hands tests a copy of `process`, whose listeners
 * are never told of an unhandled rejection; a Pulumi program's errors in `apply` surface as nothing else.
 */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    const copy = this.global.process;
    for (const method of ["on", "off", "removeListener", "removeAllListeners", "listeners"]) {
      const ofCopy = copy[method].bind(copy);
      const ofReal = process[method].bind(process);
      copy[method] = (event, ...rest) => (event === "unhandledRejection" ? ofReal : ofCopy)(event, ...rest);
    }
  }
};
