import { repositoryName } from "../names";
import { kind, type Kind } from "./kind";
import { LABEL_OUTPUTS, labelOutputs } from "./labelled";
import { projectIn } from "./project";
import { region } from "./regions";
import { block, choice, labels, optional, pattern, projectId, text } from "./shapes";
import { knownText, type Props } from "./values";

export const repository: Kind<never> = kind(
  () =>
    block({
      // docs.cloud.google.com/artifact-registry/docs/repositories/create-repos
      repositoryId: pattern(
        /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
        "it must be at most 63 lower-case letters, digits and dashes, a letter first and no dash last",
      ),
      location: region(),
      project: optional(projectId()),
      format: choice(["DOCKER", "MAVEN", "NPM", "PYTHON", "APT", "YUM", "GO", "GENERIC", "KFP"]),
      description: optional(text(1024)),
      labels: optional(labels()),
    }),
  {
    token: "gcp:artifactregistry/repository:Repository",
    apis: ["artifactregistry.googleapis.com"],
    replaceOn: ["repositoryId", "location", "project", "format"],
    fromProvider: { project: "project", location: "region" },
    computed: ["name", "mode", "createTime", "updateTime", "registryUri", ...LABEL_OUTPUTS],
    volatile: ["updateTime"],
    planned: (inputs) => ({ ...labelOutputs(inputs), ...namesOf(inputs), mode: "STANDARD_REPOSITORY" }),
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      const id = `projects/${project}/locations/${inputs.location}/repositories/${inputs.repositoryId}`;
      return { id, fullName: repositoryName(project, inputs.location, inputs.repositoryId), project };
    },
    create: (cx, inputs) => {
      const now = new Date(cx.cloud.clock.now()).toISOString();
      const host = `${inputs.location}-${inputs.format.toLowerCase()}.pkg.dev`;
      return {
        computed: {
          ...namesOf(inputs),
          mode: "STANDARD_REPOSITORY",
          createTime: now,
          updateTime: now,
          registryUri: `${host}/${projectIn(cx, inputs).id}/${inputs.repositoryId}`,
          ...labelOutputs(inputs),
        },
      };
    },
    update: (cx, _current, news) => ({
      computed: { ...labelOutputs(news), updateTime: new Date(cx.cloud.clock.now()).toISOString() },
    }),
  },
);

function namesOf(inputs: Props): Props {
  const name = knownText(inputs, "repositoryId");
  return name === undefined ? {} : { name };
}
