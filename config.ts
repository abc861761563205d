import * as pulumi from "@pulumi/pulumi";

/** What differs from one environment to the next: everything, and nothing else, that is in `Pulumi.<stack>.yaml`. */
export interface StackConfig {
  readonly project: string;
  /** Undefined: look it up. */
  readonly projectNumber: string | undefined;
  readonly region: string;
  readonly furtherRegions: readonly string[];
  readonly image: string;
  readonly minInstances: number;
  readonly deletionProtection: boolean;
  readonly schedulesPaused: boolean;
  readonly functionV1: boolean;
  readonly applicationUrl: string;
  /** Undefined: the application's address. */
  readonly applicationAudience: string | undefined;
  /** Undefined: no gateways, since nobody would look at who calls behind them. */
  readonly receiverImage: string | undefined;
  /** Undefined: no mesh. */
  readonly meshUrl: string | undefined;
  /** Undefined: no Envoy. */
  readonly envoyUrl: string | undefined;
  /** Members by themselves: a member is its own key, so taking one out renames no other's grant. */
  readonly deployers: Readonly<Record<string, string>>;
}

/** Reads and checks the stack's configuration, before anything is declared. Nothing else reads `pulumi.Config`. */
export function loadConfig(): StackConfig {
  const reader = new ConfigReader(pulumi.getStack());
  return {
    project: reader.text("gcp:project", PROJECT_ID),
    projectNumber: reader.optionalText("projectNumber", NUMBER),
    region: reader.text("gcp:region", REGION),
    furtherRegions: reader.texts("furtherRegions", REGION),
    image: reader.text("image", IMAGE),
    minInstances: reader.wholeNumber("minInstances", 0, 1000),
    deletionProtection: reader.boolean("deletionProtection"),
    schedulesPaused: reader.boolean("schedulesPaused"),
    functionV1: reader.boolean("functionV1"),
    applicationUrl: reader.text("applicationUrl", HTTPS_URL),
    applicationAudience: reader.optionalText("applicationAudience", ANYTHING),
    receiverImage: reader.optionalText("receiverImage", IMAGE),
    meshUrl: reader.optionalText("meshUrl", HTTPS_URL),
    envoyUrl: reader.optionalText("envoyUrl", HTTPS_URL),
    deployers: Object.fromEntries(reader.texts("deployers", MEMBER).map((member) => [member, member])),
  };
}

/** What a value must look like, and how to say so. */
interface Shape {
  readonly pattern: Pick<RegExp, "test">;
  readonly what: string;
}

const PROJECT_ID: Shape = { pattern: /^([a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$/, what: "a project id" };
const REGION: Shape = { pattern: /^[a-z]+-[a-z]+[0-9]+$/, what: 'a region such as "us-central1"' };
const NUMBER: Shape = { pattern: /^[0-9]+$/, what: "a project's number" };
const IMAGE: Shape = { pattern: /^[^\s]+$/, what: "an image's name" };
const HTTPS_URL: Shape = {
  pattern: { test: (url) => /^https:\/\/[^\s?#]+$/.test(url) && URL.canParse(url) },
  what: "an https address without query",
};
const MEMBER: Shape = {
  pattern: /^(user|group|serviceAccount|principal|principalSet):\S+$/,
  what: 'an IAM member such as "serviceAccount:deployer@my-project.iam.gserviceaccount.com"',
};
const ANYTHING: Shape = { pattern: /^\S.*$/, what: "text" };

/** Reads keys, and says of a bad one: which key, in which file, what it is, and what it should be. */
class ConfigReader {
  readonly #own = new pulumi.Config();

  constructor(private readonly stack: string) {}

  text(key: string, shape: Shape): string {
    return this.#checked(key, this.#raw(key) ?? this.#fail(key, "is missing", shape.what), shape);
  }

  optionalText(key: string, shape: Shape): string | undefined {
    const value = this.#raw(key);
    return value === undefined || value === "" ? undefined : this.#checked(key, value, shape);
  }

  texts(key: string, shape: Shape): string[] {
    const value = this.#json(key, "a list");
    if (!Array.isArray(value)) return this.#fail(key, `is ${JSON.stringify(value)}`, "a list");
    const texts = value.map((item: unknown) =>
      typeof item === "string"
        ? this.#checked(key, item, shape)
        : this.#fail(key, `holds ${JSON.stringify(item)}`, `a list of which each is ${shape.what}`),
    );
    const twice = texts.find((item, index) => texts.indexOf(item) !== index);
    return twice === undefined
      ? texts
      : this.#fail(key, `names ${JSON.stringify(twice)} twice`, "a list without repetition");
  }

  wholeNumber(key: string, min: number, max: number): number {
    const value = this.#json(key, "a number");
    return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
      ? value
      : this.#fail(key, `is ${JSON.stringify(value)}`, `a whole number from ${min} to ${max}`);
  }

  boolean(key: string): boolean {
    const value = this.#json(key, "true or false");
    return typeof value === "boolean"
      ? value
      : this.#fail(key, `is ${JSON.stringify(value)}`, "true or false");
  }

  #raw(key: string): string | undefined {
    const [namespace, name] = key.split(":");
    return name === undefined ? this.#own.get(key) : new pulumi.Config(namespace).get(name);
  }

  #json(key: string, what: string): unknown {
    const value = this.#raw(key) ?? this.#fail(key, "is missing", what);
    try {
      return JSON.parse(value);
    } catch {
      return this.#fail(key, `is ${JSON.stringify(value)}`, what);
    }
  }

  #checked(key: string, value: string, shape: Shape): string {
    return shape.pattern.test(value) ? value : this.#fail(key, `is ${JSON.stringify(value)}`, shape.what);
  }

  #fail(key: string, fault: string, wanted: string): never {
    const full = key.includes(":") ? key : `${pulumi.getProject()}:${key}`;
    // RunError ends the program with this message and without a stack trace, which would help nobody here.
    throw new pulumi.RunError(
      `Pulumi.${this.stack}.yaml: ${full} ${fault}; it must be ${wanted}. Set it with: pulumi config set ${full} VALUE`,
    );
  }
}
