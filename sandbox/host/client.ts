import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Attempt } from "../delivery/attempt";
import type { Made } from "../doors/provider/door";
import type { Verdict } from "../ingress/http";
import type { Serving } from "./claim";
import { HostError } from "./host-error";

/** Speaks to the process that has the cloud. */
export class Client {
  constructor(private readonly serving: Serving) {}

  /** Keeps the cloud up until it is called off; says what numbers projects to come shall have. */
  async lease(projectNumbers: Readonly<Record<string, string>> = {}): Promise<() => void> {
    const response = await this.#ask("POST", "/lease", projectNumbers);
    response.resume();
    return () => response.destroy();
  }

  /** What Pulumi made, and what is still there. */
  async made(): Promise<Made[]> {
    return JSON.parse(await textOf(await this.#ask("GET", "/made"))) as Made[];
  }

  /** Where Google's APIs are, as far as the sandbox has them. */
  get apis(): string {
    return `http://${this.serving.address}`;
  }

  /** An access token of anybody's, as signing in would give one. */
  async accessToken(member: string): Promise<string> {
    const text = await textOf(await this.#ask("POST", "/access-token", { member }));
    return (JSON.parse(text) as { token: string }).token;
  }

  /** Lets somebody mint id_tokens for an account, and do nothing else as that account. */
  async letMint(member: string, account: string): Promise<void> {
    await textOf(await this.#ask("POST", "/minters", { member, account }));
  }

  /** What the gate before a target says to a token; with what the code behind answers, where code runs. */
  async atTheGate(target: string, token: string): Promise<Pick<Verdict, "outcome" | "reason" | "status">> {
    const text = await textOf(await this.#ask("POST", "/gate", { target, token }));
    return JSON.parse(text) as Pick<Verdict, "outcome" | "reason" | "status">;
  }

  /** The latest attempts of all sources since it is served. */
  async attempts(): Promise<Attempt[]> {
    return JSON.parse(await textOf(await this.#ask("GET", "/attempts"))) as Attempt[];
  }

  /** Tells one source to call its target now; the first attempt that comes of it. */
  async fire(name: string, data: string): Promise<Attempt> {
    return JSON.parse(await textOf(await this.#ask("POST", "/fire", { name, data }))) as Attempt;
  }

  async remove(token: string, id: string): Promise<void> {
    await textOf(await this.#ask("POST", "/remove", { token, id }));
  }

  async #ask(
    method: string,
    path: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage> {
    const { address, secret } = this.serving;
    const url = `http://${address}${path}?${new URLSearchParams(query).toString()}`;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { Authorization: `Bearer ${secret}`, "Content-Length": 0 };
      request(url, { method, headers, agent: false }, resolve)
        .on("error", (error) => {
          reject(new HostError(`The sandbox at ${address} does not answer: ${error.message}`));
        })
        .end();
    });
    if (response.statusCode === 200) return response;
    throw new HostError((await textOf(response)).trimEnd());
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}
