/**
 * What belongs to an instance without being an output of it. A field, even a private one, would be taken for an output
 * by whoever reads the class to offer it in other languages; so such things are kept beside the class.
 */
export class Beside<Owner extends object, Value> {
  readonly #values = new WeakMap<Owner, Value>();

  set(owner: Owner, value: Value): void {
    this.#values.set(owner, value);
  }

  get(owner: Owner): Value {
    const value = this.#values.get(owner);
    // A class that reads this before its constructor has set it has a fault; nothing that a program does leads here.
    if (value === undefined) throw new Error(`${owner.constructor.name} is read before it is complete`);
    return value;
  }
}
