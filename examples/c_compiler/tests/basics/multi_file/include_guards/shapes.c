#include "point.h"
#include "shapes.h"

int area(struct box *box) {
    return (box->high.x - box->low.x) * (box->high.y - box->low.y);
}
