import { randomInt } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Cloud } from "../cloud/cloud";
import { CloudError } from "../cloud/errors";
import { newProject } from "../cloud/new-project";
import type { ProjectKind } from "../cloud/projects";
import { RealClock } from "../cloud/real-clock";
import { Provider } from "../cloud/resources/provider";
import { restored, snapshotOf } from "../cloud/snapshot";
import { ProviderDoor, type Made } from "../doors/provider/door";
import { metadataApi } from "../doors/rest/apis/metadata";
import { googleApis } from "../doors/rest/google-apis";
import { letMint } from "../doors/rest/let-mint";
import { authenticator } from "../doors/rest/principal";
import { RestApis } from "../doors/rest/rest-apis";
import type { Verdict } from "../ingress/http";
import { Ingress } from "../ingress/ingress";
import { type State, StateFile } from "./state-file";

export interface WorldOptions {
  /** The kind of projects that are made from now on. */
  projectKind: ProjectKind;
  /** Milliseconds until an IAM change takes effect. */
  iamDelay: number;
  /** Numbers of projects that are given rather than made up, by id. */
  projectNumbers?: Readonly<Record<string, string>>;
  /** The service account that the metadata server speaks for. Default: none, and then there is no metadata server. */
  runsAs?: string;
}

/** The one cloud of a folder: restored at its start, saved after each change, its time that of the real world. */
export class World {
  readonly cloud: Cloud;
  readonly door: ProviderDoor;
  readonly #apis: RestApis;
  readonly #ahead: number;
  readonly #made = new Map<string, Made>();
  readonly #file: StateFile;
  readonly #numbers: Record<string, string>;

  /** Goes on from the state, if there is one. */
  constructor(
    file: string,
    before: State | undefined,
    { projectKind, iamDelay, projectNumbers = {}, runsAs }: WorldOptions,
  ) {
    this.#ahead = Math.max(before?.ahead ?? 0, 0);
    // The machine's clock may have been set back since: the cloud's time goes on from where it was.
    const ahead = Math.max(this.#ahead, (before?.snapshot.time ?? 0) - Date.now());
    this.#numbers = { ...projectNumbers };
    // Not the same numbers at each start: suffixes that were given out must not come again.
    const settings = {
      clock: new RealClock({ ahead }),
      iamDelay,
      random: () => randomInt(2 ** 32) / 2 ** 32,
    };
    this.cloud =
      before === undefined ? new Cloud({ ...settings, projects: [] }) : restored(before.snapshot, settings);
    const metadata = runsAs === undefined ? [] : [metadataApi(this.cloud, { account: runsAs })];
    this.#apis = new RestApis([...googleApis(this.cloud), ...metadata], authenticator(this.cloud));
    for (const made of before?.made ?? []) this.#made.set(keyOf(made), made);
    this.#file = new StateFile(file, () => ({
      snapshot: snapshotOf(this.cloud),
      ahead: this.#ahead,
      made: this.made(),
    }));
    this.door = new ProviderDoor({
      cloud: this.cloud,
      newProject: (id) => newProject(id, { number: this.#numbers[id], kind: projectKind }),
      onMade: (made) => {
        this.#made.set(keyOf(made), made);
      },
      around: async ({ changes }, work) => {
        const result = await work();
        // Before the engine hears of it: what it takes for done outlives this process.
        if (changes) await this.#file.save();
        return result;
      },
    });
  }

  /** Numbers for projects that may come. */
  expect(numbers: Readonly<Record<string, string>>): void {
    Object.assign(this.#numbers, numbers);
  }

  /** What Pulumi made and what is still there. */
  made(): Made[] {
    return [...this.#made.values()].filter(({ token, id }) => this.cloud.store.get(token, id) !== undefined);
  }

  /** Removes one resource, whatever Pulumi's protection says: that is a matter between Pulumi and its stacks. */
  async remove(token: string, id: string): Promise<void> {
    const stored = this.cloud.store.get(token, id);
    if (stored !== undefined && "deletionProtection" in stored.state) {
      this.cloud.store.put({ ...stored, state: { ...stored.state, deletionProtection: false } });
    }
    const provider = new Provider(this.cloud, { project: stored?.project });
    const found = await provider.read(token, { id });
    if (found === undefined) throw new CloudError("NOT_FOUND", `There is no ${token} with the id ${id}.`);
    await provider.delete(token, { id: found.id, outputs: found.outputs });
    await this.save();
  }

  /** Google's APIs, for whoever asks. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#apis.answer(request, response);
  }

  accessToken(member: string): { token: string } {
    return { token: this.cloud.tokens.mintAccess({ member }).token };
  }

  async letMint(member: string, account: string): Promise<void> {
    letMint(this.cloud, member, account);
    await this.save();
  }

  /** What the gate before a target says to a token; nothing runs behind it here. */
  async atTheGate(url: string, token: string): Promise<Pick<Verdict, "outcome" | "reason">> {
    const ingress = new Ingress(this.cloud, () => Promise.resolve({ status: 204, headers: {}, body: "" }));
    const headers: [string, string][] = [["Authorization", `Bearer ${token}`]];
    const { verdict } = await ingress.handle({ method: "GET", url, headers, body: "" });
    return { outcome: verdict.outcome, reason: verdict.reason };
  }

  async save(): Promise<void> {
    await this.#file.save();
  }
}

function keyOf({ token, id }: Made): string {
  return `${token} ${id}`;
}
