/* Every block's output in every network of the zoo at its published resolution, compared once with
 * what forward hooks on torchvision 0.14's modules see (V2 B0 .. B3 and XL: its EfficientNet with
 * the channels of the authors' code). A shape is that of all blocks behind the entry before, up to
 * and with the one it stands beside. */
#ifndef TESTS_UNIT_ZOO_BLOCKS_H
#define TESTS_UNIT_ZOO_BLOCKS_H

static const struct {
    const char *name, *blocks;
} zoo_blocks[] = {
    {"efficientnet-b0", "stem 32x112x112, block1 16x112x112, block3 24x56x56, block5 40x28x28, "
                        "block8 80x14x14, block11 112x14x14, block15 192x7x7, block16 320x7x7, "
                        "head 1280x7x7, pool 1280, classifier 1000"},
    {"efficientnet-b1", "stem 32x120x120, block2 16x120x120, block5 24x60x60, block8 40x30x30, "
                        "block12 80x15x15, block16 112x15x15, block21 192x8x8, block23 320x8x8, "
                        "head 1280x8x8, pool 1280, classifier 1000"},
    {"efficientnet-b2", "stem 32x130x130, block2 16x130x130, block5 24x65x65, block8 48x33x33, "
                        "block12 88x17x17, block16 120x17x17, block21 208x9x9, block23 352x9x9, "
                        "head 1408x9x9, pool 1408, classifier 1000"},
    {"efficientnet-b3",
     "stem 40x150x150, block2 24x150x150, block5 32x75x75, block8 48x38x38, "
     "block13 96x19x19, block18 136x19x19, block24 232x10x10, block26 384x10x10, "
     "head 1536x10x10, pool 1536, classifier 1000"},
    {"efficientnet-b4",
     "stem 48x190x190, block2 24x190x190, block6 32x95x95, block10 56x48x48, "
     "block16 112x24x24, block22 160x24x24, block30 272x12x12, block32 448x12x12, "
     "head 1792x12x12, pool 1792, classifier 1000"},
    {"efficientnet-b5",
     "stem 48x228x228, block3 24x228x228, block8 40x114x114, block13 64x57x57, "
     "block20 128x29x29, block27 176x29x29, block36 304x15x15, block39 512x15x15, "
     "head 2048x15x15, pool 2048, classifier 1000"},
    {"efficientnet-b6",
     "stem 56x264x264, block3 32x264x264, block9 40x132x132, block15 72x66x66, "
     "block23 144x33x33, block31 200x33x33, block42 344x17x17, block45 576x17x17, "
     "head 2304x17x17, pool 2304, classifier 1000"},
    {"efficientnet-b7",
     "stem 64x300x300, block4 32x300x300, block11 48x150x150, block18 80x75x75, "
     "block28 160x38x38, block38 224x38x38, block51 384x19x19, block55 640x19x19, "
     "head 2560x19x19, pool 2560, classifier 1000"},
    {"efficientnet-v2-b0",
     "stem 32x112x112, block1 16x112x112, block3 32x56x56, block5 48x28x28, "
     "block8 96x14x14, block13 112x14x14, block21 192x7x7, head 1280x7x7, pool 1280, "
     "classifier 1000"},
    {"efficientnet-v2-b1",
     "stem 32x120x120, block2 16x120x120, block5 32x60x60, block8 48x30x30, "
     "block12 96x15x15, block18 112x15x15, block27 192x8x8, head 1280x8x8, pool 1280, "
     "classifier 1000"},
    {"efficientnet-v2-b2",
     "stem 32x130x130, block2 16x130x130, block5 32x65x65, block8 56x33x33, "
     "block12 104x17x17, block18 120x17x17, block28 208x9x9, head 1408x9x9, pool 1408, "
     "classifier 1000"},
    {"efficientnet-v2-b3",
     "stem 40x150x150, block2 16x150x150, block5 40x75x75, block8 56x38x38, "
     "block13 112x19x19, block20 136x19x19, block32 232x10x10, head 1536x10x10, "
     "pool 1536, classifier 1000"},
    {"efficientnet-v2-s",
     "block2 24x192x192, block6 48x96x96, block10 64x48x48, block16 128x24x24, "
     "block25 160x24x24, block40 256x12x12, head 1280x12x12, pool 1280, classifier 1000"},
    {"efficientnet-v2-m",
     "block3 24x240x240, block8 48x120x120, block13 80x60x60, block20 160x30x30, "
     "block34 176x30x30, block52 304x15x15, block57 512x15x15, head 1280x15x15, "
     "pool 1280, classifier 1000"},
    {"efficientnet-v2-l",
     "block4 32x240x240, block11 64x120x120, block18 96x60x60, block28 192x30x30, "
     "block47 224x30x30, block72 384x15x15, block79 640x15x15, head 1280x15x15, "
     "pool 1280, classifier 1000"},
    {"efficientnet-v2-xl",
     "block4 32x256x256, block12 64x128x128, block20 96x64x64, block36 192x32x32, "
     "block60 256x32x32, block92 512x16x16, block100 640x16x16, head 1280x16x16, "
     "pool 1280, classifier 1000"},
    {"resnet18", "block2 64x56x56, block4 128x28x28, block6 256x14x14, block8 512x7x7, pool 512, "
                 "classifier 1000"},
    {"resnet34", "block3 64x56x56, block7 128x28x28, block13 256x14x14, block16 512x7x7, pool 512, "
                 "classifier 1000"},
    {"resnet50", "stem 64x56x56, block3 256x56x56, block7 512x28x28, block13 1024x14x14, "
                 "block16 2048x7x7, pool 2048, classifier 1000"},
    {"resnet101", "stem 64x56x56, block3 256x56x56, block7 512x28x28, block30 1024x14x14, "
                  "block33 2048x7x7, pool 2048, classifier 1000"},
    {"resnet152", "stem 64x56x56, block3 256x56x56, block11 512x28x28, block47 1024x14x14, "
                  "block50 2048x7x7, pool 2048, classifier 1000"},
    {"mobilenet-v2", "stem 32x112x112, block1 16x112x112, block3 24x56x56, block6 32x28x28, "
                     "block10 64x14x14, block13 96x14x14, block16 160x7x7, block17 320x7x7, "
                     "head 1280x7x7, pool 1280, classifier 1000"},
    {"mobilenet-v3-large",
     "block1 16x112x112, block3 24x56x56, block6 40x28x28, block10 80x14x14, "
     "block12 112x14x14, block15 160x7x7, head 960x7x7, pool 960, classifier 1000"},
    {"mobilenet-v3-small",
     "stem 16x112x112, block1 16x56x56, block3 24x28x28, block6 40x14x14, "
     "block8 48x14x14, block11 96x7x7, head 576x7x7, pool 576, classifier 1000"},
    {"vgg11", "conv1-1 64x224x224, pool1 64x112x112, conv2-1 128x112x112, pool2 128x56x56, "
              "conv3-2 256x56x56, pool3 256x28x28, conv4-2 512x28x28, conv5-2 512x14x14, "
              "pool5 25088, fc7 4096, fc8 1000"},
    {"vgg13", "conv1-2 64x224x224, pool1 64x112x112, conv2-2 128x112x112, pool2 128x56x56, "
              "conv3-2 256x56x56, pool3 256x28x28, conv4-2 512x28x28, conv5-2 512x14x14, "
              "pool5 25088, fc7 4096, fc8 1000"},
    {"vgg16", "conv1-2 64x224x224, pool1 64x112x112, conv2-2 128x112x112, pool2 128x56x56, "
              "conv3-3 256x56x56, pool3 256x28x28, conv4-3 512x28x28, conv5-3 512x14x14, "
              "pool5 25088, fc7 4096, fc8 1000"},
    {"vgg19", "conv1-2 64x224x224, pool1 64x112x112, conv2-2 128x112x112, pool2 128x56x56, "
              "conv3-4 256x56x56, pool3 256x28x28, conv4-4 512x28x28, conv5-4 512x14x14, "
              "pool5 25088, fc7 4096, fc8 1000"},
    {"alexnet",
     "conv1 64x55x55, pool1 64x27x27, conv2 192x27x27, pool2 192x13x13, conv3 384x13x13, "
     "conv5 256x13x13, pool5 9216, fc7 4096, fc8 1000"},
    {"squeezenet1.1",
     "stem 64x55x55, fire3 128x55x55, pool3 128x27x27, fire5 256x27x27, pool5 256x13x13, "
     "fire7 384x13x13, fire9 512x13x13, classifier 1000x13x13, pool 1000"},
    {"densenet121",
     "stem 64x56x56, block1 96x56x56, block2 128x56x56, block3 160x56x56, "
     "block4 192x56x56, block5 224x56x56, block6 256x56x56, transition1 128x28x28, "
     "block7 160x28x28, block8 192x28x28, block9 224x28x28, block10 256x28x28, "
     "block11 288x28x28, block12 320x28x28, block13 352x28x28, block14 384x28x28, "
     "block15 416x28x28, block16 448x28x28, block17 480x28x28, block18 512x28x28, "
     "transition2 256x14x14, block19 288x14x14, block20 320x14x14, block21 352x14x14, "
     "block22 384x14x14, block23 416x14x14, block24 448x14x14, block25 480x14x14, "
     "block26 512x14x14, block27 544x14x14, block28 576x14x14, block29 608x14x14, "
     "block30 640x14x14, block31 672x14x14, block32 704x14x14, block33 736x14x14, "
     "block34 768x14x14, block35 800x14x14, block36 832x14x14, block37 864x14x14, "
     "block38 896x14x14, block39 928x14x14, block40 960x14x14, block41 992x14x14, "
     "block42 1024x14x14, transition3 512x7x7, block43 544x7x7, block44 576x7x7, "
     "block45 608x7x7, block46 640x7x7, block47 672x7x7, block48 704x7x7, "
     "block49 736x7x7, block50 768x7x7, block51 800x7x7, block52 832x7x7, "
     "block53 864x7x7, block54 896x7x7, block55 928x7x7, block56 960x7x7, "
     "block57 992x7x7, head 1024x7x7, pool 1024, classifier 1000"},
    {"regnet-y-400mf", "stem 32x112x112, block1 48x56x56, block4 104x28x28, block10 208x14x14, "
                       "block16 440x7x7, pool 440, classifier 1000"},
    {"convnext-tiny",
     "block3 96x56x56, block6 192x28x28, block15 384x14x14, block18 768x7x7, pool 768, "
     "classifier 1000"},
    {"vit-b16", "block12 197x768, head 768, classifier 1000"},
};

#endif
