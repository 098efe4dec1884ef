#ifndef SHAPES_H
#define SHAPES_H

#include "point.h"

#define SIDES 4

struct box {
    struct point low, high;
};

int area(struct box *box);

#endif
