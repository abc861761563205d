import type { Store } from "../cloud/store";
import { SUBSCRIPTION } from "./pubsub/subscription";
import type { KeptMessages } from "./pubsub/pubsub";
import { QUEUE } from "./tasks/queue";
import { queueOfTask } from "./tasks/task-names";
import type { KeptTasks } from "./tasks/tasks";

/** What is still to be delivered, as plain data. Executions of jobs are not: one that is cut off is over. */
export interface KeptDelivery {
  tasks: KeptTasks;
  messages: KeptMessages;
}

/** Without the tasks of queues and the messages of subscriptions that are gone: later ones of the same name start afresh. */
export function ofWhatIsThere({ tasks, messages }: KeptDelivery, store: Store): KeptDelivery {
  return {
    tasks: {
      ...tasks,
      tasks: tasks.tasks.filter(({ name }) => store.get(QUEUE, queueOfTask(name)) !== undefined),
    },
    messages: {
      ...messages,
      outstanding: messages.outstanding.filter(([id]) => store.get(SUBSCRIPTION, id) !== undefined),
    },
  };
}
