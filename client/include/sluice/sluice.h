// The whole client library.
#pragma once

#include "sluice/client.h"
#include "sluice/error.h"
#include "sluice/item.h"
#include "sluice/job.h"
#include "sluice/options.h"
#include "sluice/pipeline.h"
#include "sluice/producer.h"
#include "sluice/queue.h"
#include "sluice/stage_worker.h"
#include "sluice/types.h"
#include "sluice/worker.h"
