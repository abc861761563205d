import { kind, type Kind } from "./kind";
import { projectIn } from "./project";
import { block, flag, optional, pattern, projectId } from "./shapes";

const apiName = () =>
  pattern(/^[a-z][a-z0-9.-]*\.googleapis\.com$/, "it must be the name of an API, as in run.googleapis.com");

export const projectService: Kind<never> = kind(
  () =>
    block({
      project: optional(projectId()),
      service: apiName(),
      disableOnDestroy: optional(flag),
      disableDependentServices: optional(flag),
    }),
  {
    token: "gcp:projects/service:Service",
    apis: ["serviceusage.googleapis.com", "cloudresourcemanager.googleapis.com"],
    replaceOn: ["project", "service"],
    fromProvider: { project: "project" },
    computed: [],
    // Enabling what is enabled changes nothing.
    adopts: () => true,
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      const fullName = `//serviceusage.googleapis.com/projects/${project}/services/${inputs.service}`;
      return { id: `${project}/${inputs.service}`, fullName, project };
    },
    create: (cx, inputs) => {
      cx.cloud.apis.enable(projectIn(cx, inputs).id, inputs.service);
      return { computed: {} };
    },
    update: () => ({ computed: {} }),
    delete: (cx, { id, inputs }) => {
      const [project = "", service = ""] = id.split("/");
      if (inputs.disableOnDestroy === true) cx.cloud.apis.disable(project, service);
    },
    read: (cx, id) => {
      const [project = "", service = ""] = id.split("/");
      if (!cx.cloud.apis.isEnabled(project, service)) return undefined;
      return { inputs: { project, service }, computed: {} };
    },
  },
);

export const serviceIdentity: Kind<never> = kind(
  () => block({ project: optional(projectId()), service: apiName() }),
  {
    token: "gcp:projects/serviceIdentity:ServiceIdentity",
    apis: ["serviceusage.googleapis.com"],
    replaceOn: "everything",
    fromProvider: { project: "project" },
    computed: ["email", "member"],
    // Destroying it leaves the agent as it is: docs.cloud.google.com/iam/docs/create-service-agents
    create: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      cx.cloud.apis.require(project, inputs.service);
      const identity = cx.cloud.projects.createServiceIdentity(project, inputs.service);
      return { id: `projects/${project}/services/${inputs.service}`, computed: identity };
    },
    read: (cx, id) => {
      const [, project = "", , service = ""] = id.split("/");
      // The provider has no read for it, and takes it for there. Making it again changes nothing.
      return {
        inputs: { project, service },
        computed: cx.cloud.projects.createServiceIdentity(project, service),
      };
    },
  },
);
