import { randomInt } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { Cloud } from "../cloud/cloud";
import { CloudError } from "../cloud/errors";
import { parseMember } from "../cloud/iam/members";
import { newProject } from "../cloud/new-project";
import { own } from "../cloud/own";
import type { ProjectKind } from "../cloud/projects";
import { RealClock } from "../cloud/real-clock";
import { Provider } from "../cloud/resources/provider";
import { restored, snapshotOf } from "../cloud/snapshot";
import type { Attempt } from "../delivery/attempt";
import { type KeptDelivery, ofWhatIsThere } from "../delivery/kept";
import { ProviderDoor, type Made } from "../doors/provider/door";
import { CERTIFICATES, JWKS } from "../doors/rest/apis/keys";
import { metadataApi } from "../doors/rest/apis/metadata";
import { googleApis } from "../doors/rest/google-apis";
import { letMint } from "../doors/rest/let-mint";
import { authenticator } from "../doors/rest/principal";
import { RestApis } from "../doors/rest/rest-apis";
import type { HttpResponse, Verdict } from "../ingress/http";
import { Ingress } from "../ingress/ingress";
import { HostError } from "./host-error";
import type * as Served from "./served-delivery";
import type { ServedDelivery } from "./served-delivery";
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
  /**
   * The folder of the Pulumi program, whose apps/local.json says what runs behind the gates. Default: none, and then the
   * sources do not work and nothing runs.
   */
  root?: string;
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
  #work: ServedDelivery | undefined;
  /** Of a delivery that does not work, or not any more. */
  #undelivered: KeptDelivery | undefined;

  /** Goes on from the state, if there is one. `address`: where its APIs are. */
  constructor(
    file: string,
    before: State | undefined,
    { projectKind, iamDelay, projectNumbers = {}, runsAs, root }: WorldOptions,
    address: string,
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
    for (const made of before?.made ?? []) this.#made.set(keyOf(made), made);
    this.#file = new StateFile(file, () => ({
      snapshot: snapshotOf(this.cloud),
      ahead: this.#ahead,
      made: this.made(),
      delivery: this.#kept(),
    }));
    this.#undelivered = before?.delivery;
    if (root !== undefined) {
      const keys = { certificates: `http://${address}${CERTIFICATES}`, jwks: `http://${address}${JWKS}` };
      const options = { root, keys: () => keys, save: () => this.save() };
      // Only here: a command of Pulumi's should not have to wait for what it does not need.
      const { ServedDelivery: Work } = createRequire(__filename)("./served-delivery") as typeof Served;
      this.#work = new Work(this.cloud, this.#undelivered, options);
    }
    const apis = [...googleApis(this.cloud), ...metadata, ...(this.#work?.apis() ?? [])];
    this.#apis = new RestApis(apis, authenticator(this.cloud));
    this.door = new ProviderDoor({
      cloud: this.cloud,
      newProject: (id) => newProject(id, { number: own(this.#numbers, id), kind: projectKind }),
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
    const { kind } = parseMember(member);
    if (kind !== "user" && kind !== "serviceAccount") {
      throw new HostError(
        `Nobody signs in as "${member}". Name a person or a service account, such as user:owner@example.com.`,
      );
    }
    return { token: this.cloud.tokens.mintAccess({ member }).token };
  }

  async letMint(member: string, account: string): Promise<void> {
    letMint(this.cloud, member, account);
    await this.save();
  }

  /** What the gate before a target says to a token; with the status that the code behind answers, where code runs. */
  async atTheGate(url: string, token: string): Promise<Pick<Verdict, "outcome" | "reason" | "status">> {
    const nothing = (): Promise<HttpResponse> => Promise.resolve({ status: 204, headers: {}, body: "" });
    const ingress = this.#work?.ingress ?? new Ingress(this.cloud, nothing);
    const headers: [string, string][] = [["Authorization", `Bearer ${token}`]];
    const { response, verdict } = await ingress.handle({ method: "GET", url, headers, body: "" });
    const { outcome, reason } = verdict;
    return { outcome, reason, status: this.#work && response.status };
  }

  /** The latest attempts of all sources since this process serves. */
  attempts(): readonly Attempt[] {
    return this.#atWork().attempts;
  }

  /** Tells one source to call its target now, and gives back the first attempt that comes of it. */
  async fire(name: string, data: string): Promise<Attempt> {
    return this.#atWork().fire(this.made(), name, data);
  }

  async save(): Promise<void> {
    await this.#file.save();
  }

  /** Saves, and leaves nothing running. */
  async stop(): Promise<void> {
    this.door.close();
    const work = this.#work;
    this.#undelivered = this.#kept();
    this.#work = undefined;
    await Promise.all([work?.stop(), this.save()]);
  }

  #kept(): KeptDelivery | undefined {
    if (this.#work !== undefined) return this.#work.kept();
    return this.#undelivered && ofWhatIsThere(this.#undelivered, this.cloud.store);
  }

  #atWork(): ServedDelivery {
    if (this.#work !== undefined) return this.#work;
    throw new HostError(
      "This sandbox is up for another command, and delivers nothing. One that does: npm run sandbox -- serve",
    );
  }
}

function keyOf({ token, id }: Made): string {
  return `${token} ${id}`;
}
