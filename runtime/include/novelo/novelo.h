// novelo/novelo.h
// All of the public API.
#pragma once

#include "novelo/chan.h"
#include "novelo/context.h"
#include "novelo/error.h"
#include "novelo/gc.h"
#include "novelo/go.h"
#include "novelo/leaks.h"
#include "novelo/local.h"
#include "novelo/meter.h"
#include "novelo/poll.h"
#include "novelo/reflect.h"
#include "novelo/runtime.h"
#include "novelo/select.h"
#include "novelo/stack.h"
#include "novelo/stats.h"
#include "novelo/sync.h"
#include "novelo/task.h"
#include "novelo/time.h"
