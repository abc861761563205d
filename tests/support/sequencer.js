const Sequencer = require("@jest/test-sequencer").default;

/** What takes minutes in a fresh clone, where jest does not know that yet. At the end, one core would wait for them. */
const LONG = [/\/tests\/engine\//, /\/tests\/packages\//, /\/tests\/compositions\.test\.ts$/];

module.exports = class extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => LONG.some((long) => long.test(path));
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
