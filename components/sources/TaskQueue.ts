import * as cloudtasks from "@pulumi/gcp/cloudtasks";
import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { keepingName, suffixedName } from "../identity/resourceName";
import { after } from "../wiring/after";
import { requireArguments } from "../wiring/arguments";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Subject } from "../wiring/checks";
import { checked } from "../wiring/checks";
import { NAME_RULES } from "../wiring/names";
import { childOf, NO_INPUTS } from "../wiring/options";
import { regionName } from "../wiring/places";
import { sameProject } from "../wiring/sameProject";
import { grantEnqueuers } from "./enqueuers";
import type { HttpMethod } from "./httpMethod";
import { queueHttpTarget } from "./queueHttpTarget";
import type { TaskRateLimits, TaskRetry } from "./taskLimits";
import { rateLimits, retryConfig } from "./taskLimits";
import type { TokenRequest } from "./tokenRequest";
import { tokenRequest } from "./tokenRequest";

/** Arguments of `TaskQueue`. */
export interface TaskQueueArgs {
  /** What is called, and as whom: what `authorize(caller)` returns, or an invoker. */
  target: pulumi.Input<AuthorizedTarget>;
  /** Region, such as `us-central1`. Changing it replaces the queue, and its tasks are lost. */
  region: pulumi.Input<string>;
  /** Added to the target's address, never to the audience. Default: each task says its own path, unless the target's address has one. */
  path?: pulumi.Input<string>;
  /** Parameters added to the address, never to the audience. Default: each task's own. */
  query?: Record<string, pulumi.Input<string>>;
  /**
   * How to call. Default: as each task says, and POST where it says nothing. With GET, bodies of tasks are not sent. Taking
   * the argument back changes nothing, because the provider leaves the queue the method that it has: say
   * `HttpMethod.Post` instead.
   */
  method?: HttpMethod;
  /** Headers of each call, in place of those of the same name that a task has. Authorization and those that Google sets itself are refused. */
  headers?: Record<string, pulumi.Input<string>>;
  /** How fast the queue is worked off. */
  rateLimits?: TaskRateLimits;
  /** How failed calls are tried again. */
  retry?: TaskRetry;
  /** Whether tasks are kept and not sent. Default: false. */
  paused?: pulumi.Input<boolean>;
  /**
   * Who puts tasks into this queue: IAM members ("serviceAccount:…") under keys of your choice, which name their grants.
   * Each gets `roles/cloudtasks.enqueuer` on this queue and on nothing else.
   * Renaming a key takes access away (docs/resource-options.md).
   */
  enqueuers?: Record<string, pulumi.Input<string>>;
  /**
   * Whether the enqueuers' tasks name the caller's account themselves (`oidcToken` in a task). Each enqueuer then gets
   * `roles/iam.serviceAccountUser` on that one account too, without which Google refuses such a task. Default: false, and
   * the queue adds the token. Two queues of one caller must not both say so for the same member: it would be one binding
   * with two owners, and go with the first of them.
   */
  tasksNameCaller?: boolean;
  /** Id of the project, which must be the caller's too. Default: the provider's. Changing it replaces the queue, and its tasks are lost; to go back within 7 days give a `queueName`. */
  project?: pulumi.Input<string>;
  /**
   * Exact name, up to 100 characters. Default: the component's name and a random suffix, since Google keeps the name of a
   * deleted queue for up to 7 days. Changing it replaces the queue, and its tasks are lost.
   */
  queueName?: pulumi.Input<string>;
}

/** What an application needs to know to put tasks into a queue. */
export interface EnqueuerSettings {
  /** The queue as Google's clients take it for `parent`: projects/…/locations/…/queues/…. */
  queue: pulumi.Output<string>;
  /** The address that tasks call, for clients that must give one. The queue puts it into every task. */
  url: pulumi.Output<string>;
  /** The account that tasks call as, for tasks that name it themselves. */
  serviceAccountEmail: pulumi.Output<string>;
  /** The audience of their id_tokens, for tasks that name it themselves; nothing when they carry access tokens. */
  audience: pulumi.Output<string | undefined>;
}

/**
 * A Cloud Tasks queue whose tasks call its target with an OIDC token of the caller, with the audience that the target
 * accepts, whatever the tasks themselves say: address and token are the queue's. Where the target is one of Google's APIs,
 * they call it with an access token of the caller.
 *
 * ```typescript
 * const orders = new TaskQueue("orders", {
 *   region: "us-central1",
 *   target: authfn.authorize(schedulerunner),
 *   enqueuers: { frontend: pulumi.interpolate`serviceAccount:${hello.runtimeEmail}` },
 * });
 * export const enqueueWith = orders.enqueuerSettings;
 * ```
 *
 * Another target changes the queue in place, and tasks that wait go to the new one. Google asks to pause a busy queue for a
 * minute meanwhile (https://docs.cloud.google.com/tasks/docs/configuring-queues).
 *
 * Its retries outlast the minutes that a fresh grant needs to be seen everywhere
 * (https://docs.cloud.google.com/iam/docs/access-change-propagation).
 */
export class TaskQueue extends pulumi.ComponentResource {
  /** The queue's name. */
  readonly queueName: pulumi.Output<string>;
  /** The address that its tasks call. */
  readonly url: pulumi.Output<string>;
  /** The audience of its id_tokens; nothing when it sends access tokens. */
  readonly audience: pulumi.Output<string | undefined>;
  /** The scope of its access tokens; nothing when it sends id_tokens. */
  readonly scope: pulumi.Output<string | undefined>;
  /** The account that its tasks call as, which is one of its own project. */
  readonly serviceAccountEmail: pulumi.Output<string>;
  /** What applications that enqueue must be told. It waits until the enqueuers may. */
  readonly enqueuerSettings: EnqueuerSettings;

  constructor(name: string, args: TaskQueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:TaskQueue", name, NO_INPUTS, opts);
    const subject = { component: "TaskQueue", name };
    requireArguments(subject, args, "target", "region");
    const options = childOf(this, opts);
    const request = tokenRequest(subject, args);
    const queue = createQueue(subject, args, request, options);
    const grants = grantEnqueuers(
      subject,
      {
        enqueuers: args.enqueuers ?? {},
        queue,
        caller: args.tasksNameCaller === true ? request.serviceAccountEmail : undefined,
      },
      options,
    );

    nodes.set(this, { queue, enqueuers: grants.enqueuers, callerUsers: grants.callerUsers });
    this.queueName = queue.name;
    this.url = pulumi.output(request.url);
    this.audience = pulumi.output(request.audience);
    this.scope = pulumi.output(request.scope);
    // A project that is left to the provider shows in the resource alone.
    this.serviceAccountEmail = pulumi.output(
      sameProject(subject, request.serviceAccountEmail, queue.project),
    );
    this.enqueuerSettings = {
      queue: after(pathOf(queue), grants.roles),
      url: after(request.url, grants.roles),
      serviceAccountEmail: after(this.serviceAccountEmail, grants.roles),
      audience: after(request.audience, grants.roles),
    };
    this.registerOutputs({
      queueName: this.queueName,
      url: this.url,
      audience: this.audience,
      scope: this.scope,
      serviceAccountEmail: this.serviceAccountEmail,
      enqueuerSettings: this.enqueuerSettings,
    });
  }

  /** The underlying resources. */
  get nodes(): TaskQueueNodes {
    return nodes.get(this);
  }
}

/** The resources that a `TaskQueue` is made of. */
export interface TaskQueueNodes {
  /** `NAME`. The queue. */
  readonly queue: cloudtasks.Queue;
  /** `NAME-enqueuer-KEY`. A grant on the queue for each of `enqueuers`. */
  readonly enqueuers: Readonly<Record<string, cloudtasks.QueueIamMember>>;
  /** `NAME-actas-KEY`. With `tasksNameCaller`: a grant on the caller's account for each of `enqueuers`. */
  readonly callerUsers: Readonly<Record<string, serviceaccount.IAMMember>>;
}

const nodes = new Beside<TaskQueue, TaskQueueNodes>();

/** The queue as Google's clients name it, known as soon as its parts are. */
function pathOf({ project, location, name }: cloudtasks.Queue): pulumi.Output<string> {
  return pulumi.interpolate`projects/${project}/locations/${location}/queues/${name}`;
}

function createQueue(
  subject: Subject,
  args: TaskQueueArgs,
  request: TokenRequest,
  options: pulumi.CustomResourceOptions,
): cloudtasks.Queue {
  const region = checked(subject, "region", args.region, regionName);
  const name = {
    subject,
    child: subject.name,
    rule: NAME_RULES.queue,
    exact: args.queueName,
    property: "queueName",
    // A queue that comes back to a region would find its own old name there, which is not free for 7 days. The project is
    // left out: it often waits for APIs, and one more of them would make the suffix look new in a preview.
    keepers: { region },
  };
  return new cloudtasks.Queue(
    subject.name,
    {
      name: suffixedName(name, options),
      location: region,
      project: args.project,
      desiredState: pulumi.output(args.paused ?? false).apply((paused) => (paused ? "PAUSED" : "RUNNING")),
      httpTarget: queueHttpTarget(subject, args, request),
      rateLimits: rateLimits(subject, args.rateLimits ?? {}),
      retryConfig: retryConfig(subject, args.retry ?? {}),
    },
    keepingName(name, "name", options),
  );
}
