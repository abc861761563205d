import { Cloud, type CloudOptions } from "../../sandbox/cloud/cloud";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { CloudError } from "../../sandbox/cloud/errors";
import { Provider } from "../../sandbox/cloud/resources/provider";
import type { Props } from "../../sandbox/cloud/resources/values";
import { NUMBER, PROJECT, REGION, SAMPLES } from "./resources.samples";

export const START = Date.UTC(2026, 10, 24, 12);

/** A provider on a cloud of its own, and the few steps that an engine takes with it. */
export class Bench {
  readonly clock = new VirtualClock(START);
  readonly cloud: Cloud;
  readonly provider: Provider;

  constructor(options: Partial<CloudOptions> = {}, config: Props = { project: PROJECT, region: REGION }) {
    this.cloud = new Cloud({
      projects: [
        { id: PROJECT, number: NUMBER },
        { id: "other-project", number: "210987654321" },
      ],
      clock: this.clock,
      ...options,
    });
    this.provider = new Provider(this.cloud, config);
  }

  checked(token: string, news: Props, name = "x"): Props {
    const { inputs, failures } = this.provider.check(token, { name, news, seed: `seed of ${name}` });
    expect(failures).toEqual([]);
    return inputs;
  }

  failures(token: string, news: Props, name = "x"): string[] {
    const { failures } = this.provider.check(token, { name, news, seed: "seed" });
    return failures.map(({ reason }) => reason);
  }

  async create(
    token: string,
    news: Props,
    name = "x",
  ): Promise<{ id: string; inputs: Props; outputs: Props }> {
    const inputs = this.checked(token, news, name);
    const { id = "", outputs } = await this.provider.create(token, { inputs, preview: false });
    return { id, inputs, outputs };
  }

  /** All samples before the first one of this kind, and the sample itself if it is wanted. */
  async upTo(token: string, including = false): Promise<void> {
    for (const sample of SAMPLES) {
      if (sample.token === token && !including) return;
      await this.create(sample.token, sample.inputs, sample.name);
      if (sample.token === token) return;
    }
  }

  async refusal(token: string, news: Props): Promise<CloudError> {
    const error: unknown = await this.create(token, news).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof CloudError) return error;
    throw new Error(`not refused: ${String(error)}`);
  }
}

/** The inputs of the sample of a kind, changed a little. */
export function sampleOf(token: string, change: Props = {}): Props {
  const sample = SAMPLES.find((each) => each.token === token);
  return { ...sample?.inputs, ...change };
}
