#include "limits.h"
int clamp(int value);
