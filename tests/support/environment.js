const { TestEnvironment } = require("jest-environment-node");

/**
 * Node's environment, with two differences.
 *
 * The real process is behind one event: jest hands tests a copy of `process`, whose listeners are never told of an
 * unhandled rejection; a Pulumi program's errors in `apply` surface as nothing else.
 *
 * And a global's former values are let go. jest keeps each of them until the file is done, to take it apart; the Pulumi
 * SDK sets a global to the stack of every deployment, and so all resources of all of them stayed (1 MB each).
 */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this._globalProxy.register = () => undefined;
    const copy = this.global.process;
    for (const method of ["on", "off", "removeListener", "removeAllListeners", "listeners"]) {
      const ofCopy = copy[method].bind(copy);
      const ofReal = process[method].bind(process);
      copy[method] = (event, ...rest) => (event === "unhandledRejection" ? ofReal : ofCopy)(event, ...rest);
    }
  }
};
