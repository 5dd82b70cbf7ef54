"""CelebA's pictures and labels → weights for the annotator ``celeba_resnet50``.

Imported by a command, never by the code location: these modules load torch.
"""
