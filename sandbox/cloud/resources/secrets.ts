import { z } from "zod/mini";
import { CloudError } from "../errors";
import { secretName } from "../names";
import { kind, type Failure, type Kind } from "./kind";
import { LABEL_OUTPUTS, labelOutputs } from "./labelled";
import { projectIn } from "./project";
import { block, flag, labels, optional, pattern, projectId, textMap } from "./shapes";
import { isUnknown, knownText, valueAt, type Props } from "./values";

const SECRET = "gcp:secretmanager/secret:Secret";
const VERSION = "gcp:secretmanager/secretVersion:SecretVersion";
const SECRET_ID = /^projects\/[^/]+\/secrets\/[^/]+$/;

export const secret: Kind<never> = kind(
  () =>
    block({
      // docs.cloud.google.com/secret-manager/docs/creating-and-accessing-secrets
      secretId: pattern(
        /^[A-Za-z0-9_-]{1,255}$/,
        "it must be 1 to 255 letters, digits, dashes and underscores",
      ),
      project: optional(projectId()),
      replication: block({
        auto: optional(block({})),
        userManaged: optional(
          block({ replicas: z.array(block({ location: z.string() })).check(z.minLength(1)) }),
        ),
      }),
      labels: optional(labels()),
      annotations: optional(textMap()),
      deletionProtection: optional(flag),
    }),
  {
    token: SECRET,
    apis: ["secretmanager.googleapis.com"],
    replaceOn: ["secretId", "project", "replication"],
    autoName: { property: "secretId", maxLength: 255 },
    fromProvider: { project: "project" },
    defaults: { deletionProtection: false },
    computed: ["name", "createTime", ...LABEL_OUTPUTS],
    planned: labelOutputs,
    rules: oneReplication,
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      const id = `projects/${project}/secrets/${inputs.secretId}`;
      return { id, fullName: secretName(project, inputs.secretId), project };
    },
    create: (cx, inputs) => {
      const { number } = projectIn(cx, inputs);
      return {
        computed: {
          name: `projects/${number}/secrets/${inputs.secretId}`,
          createTime: new Date(cx.cloud.clock.now()).toISOString(),
          ...labelOutputs(inputs),
        },
      };
    },
    update: (_cx, _current, news) => ({ computed: labelOutputs(news) }),
    delete: (cx, { id, state }) => {
      if (state.deletionProtection === true) {
        throw new CloudError(
          "FAILED_PRECONDITION",
          `cannot destroy secret ${id} without setting deletionProtection to false and deploying that first`,
        );
      }
      // Its versions go with it.
      const versions = cx.cloud.store.list(VERSION).filter((version) => version.state.secret === id);
      for (const version of versions) cx.cloud.store.remove(VERSION, version.id);
    },
  },
);

export const secretVersion: Kind<never> = kind(
  () =>
    block({
      secret: pattern(SECRET_ID, "it must be the id of a secret, as in projects/my-project/secrets/key"),
      secretData: z
        .string()
        .check(z.refine((data) => Buffer.byteLength(data) <= 65_536, "it must be at most 64 KiB")),
      enabled: optional(flag),
    }),
  {
    token: VERSION,
    apis: ["secretmanager.googleapis.com"],
    replaceOn: ["secret", "secretData"],
    fromProvider: {},
    defaults: { enabled: true },
    computed: ["name", "version", "createTime"],
    identify: (cx, inputs) => {
      const owner = cx.cloud.store.get(SECRET, inputs.secret);
      if (owner === undefined) throw new CloudError("NOT_FOUND", `Secret [${inputs.secret}] not found.`);
      const taken = cx.cloud.store.list(VERSION).filter(({ state }) => state.secret === inputs.secret);
      const highest = Math.max(0, ...taken.map(({ state }) => Number(state.version)));
      const name = knownText(owner.state, "name") ?? "";
      const id = `${name}/versions/${highest + 1}`;
      return { id, fullName: `${owner.fullName}/versions/${highest + 1}`, project: owner.project };
    },
    create: (cx, _inputs, id) => ({
      computed: {
        name: id,
        version: id.split("/").pop(),
        createTime: new Date(cx.cloud.clock.now()).toISOString(),
      },
    }),
    update: () => ({ computed: {} }),
  },
);

function oneReplication(inputs: Props): Failure[] {
  const ways = [valueAt(inputs, "replication.auto"), valueAt(inputs, "replication.userManaged")];
  if (ways.some(isUnknown) || inputs.replication === undefined) return [];
  if (ways.filter((way) => way !== undefined).length === 1) return [];
  return [{ property: "replication", reason: "must have one of auto and userManaged" }];
}
