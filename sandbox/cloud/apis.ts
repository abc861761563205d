import { CloudError } from "./errors";
import type { Projects, ProjectSpec } from "./projects";
import { AGENTS } from "./agents";

/** As Google's error messages call them. Those that are missing here are called by their address. */
const TITLES: Readonly<Record<string, string>> = {
  "apigateway.googleapis.com": "API Gateway API",
  "artifactregistry.googleapis.com": "Artifact Registry API",
  "cloudbuild.googleapis.com": "Cloud Build API",
  "cloudfunctions.googleapis.com": "Cloud Functions API",
  "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
  "cloudscheduler.googleapis.com": "Cloud Scheduler API",
  "cloudtasks.googleapis.com": "Cloud Tasks API",
  "iam.googleapis.com": "Identity and Access Management (IAM) API",
  "iap.googleapis.com": "Cloud Identity-Aware Proxy API",
  "iamcredentials.googleapis.com": "IAM Service Account Credentials API",
  "pubsub.googleapis.com": "Cloud Pub/Sub API",
  "run.googleapis.com": "Cloud Run Admin API",
  "secretmanager.googleapis.com": "Secret Manager API",
  "servicecontrol.googleapis.com": "Service Control API",
  "servicemanagement.googleapis.com": "Service Management API",
  "serviceusage.googleapis.com": "Service Usage API",
};

interface Enabled {
  /** Whether everything is on that was not switched off. */
  all: boolean;
  switched: Map<string, boolean>;
}

/** What is enabled in one project, to be kept and loaded again. */
export interface KeptApis {
  project: string;
  all: boolean;
  switched: Record<string, boolean>;
}

/** Which APIs are enabled in which project. */
export class Apis {
  readonly #projects: Projects;
  readonly #enabled = new Map<string, Enabled>();

  constructor(specs: readonly ProjectSpec[], projects: Projects) {
    this.#projects = projects;
    for (const spec of specs) this.add(spec);
  }

  /** What a project of its own has from the start. */
  add({ id, apis = "all" }: ProjectSpec): void {
    this.#enabled.set(id, { all: apis === "all", switched: new Map() });
    if (apis === "all") for (const agent of AGENTS) this.#projects.welcome(id, agent.api);
    else for (const api of apis) this.enable(id, api);
  }

  kept(): KeptApis[] {
    return [...this.#enabled].map(([project, { all, switched }]) => ({
      project,
      all,
      switched: Object.fromEntries(switched),
    }));
  }

  load(kept: readonly KeptApis[]): void {
    for (const { project, all, switched } of kept) {
      this.#enabled.set(project, { all, switched: new Map(Object.entries(switched)) });
    }
  }

  isEnabled(project: string, api: string): boolean {
    const enabled = this.#of(project);
    return enabled.switched.get(api) ?? enabled.all;
  }

  enable(project: string, api: string): void {
    this.#switch(project, api, true);
    this.#projects.welcome(project, api);
  }

  disable(project: string, api: string): void {
    this.#switch(project, api, false);
  }

  /** Throws what Google answers to every request to an API that is not enabled. */
  require(project: string, api: string): void {
    if (this.isEnabled(project, api)) return;
    const { number } = this.#projects.require(project);
    throw new CloudError(
      "PERMISSION_DENIED",
      `${TITLES[api] ?? api} has not been used in project ${number} before or it is disabled. Enable it by visiting ` +
        `https://console.developers.google.com/apis/api/${api}/overview?project=${number} then retry. If you enabled this ` +
        `API recently, wait a few minutes for the action to propagate to our systems and retry.`,
      {
        reason: "SERVICE_DISABLED",
        domain: "googleapis.com",
        metadata: { service: api, consumer: `projects/${number}` },
      },
    );
  }

  #switch(project: string, api: string, on: boolean): void {
    if (!/^[a-z][a-z0-9-]*\.googleapis\.com$/.test(api)) {
      throw new CloudError(
        "INVALID_ARGUMENT",
        `"${api}" is not an API of Google's, such as run.googleapis.com.`,
      );
    }
    this.#of(project).switched.set(api, on);
  }

  #of(project: string): Enabled {
    const { id } = this.#projects.require(project);
    return this.#enabled.get(id) ?? { all: false, switched: new Map<string, boolean>() };
  }
}
